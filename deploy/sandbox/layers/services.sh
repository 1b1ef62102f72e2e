# Servers that tests talk to on loopback, and the two runners of task files: started by nobody until a test run does.
install postgresql redis-server just make
