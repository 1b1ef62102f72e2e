# JDK 21 and 17 (/usr/lib/jvm), Maven, and Gradle where its distribution can be reached.
install openjdk-21-jdk-headless maven curl unzip
beside bookworm openjdk-17-jdk-headless openjdk-17-jre-headless || echo "   JDK 17: not to be had from Debian bookworm"
gradle=9.2.1
if timeout 300 curl -fsSL 2>/dev/null -o /tmp/gradle.zip "https://services.gradle.org/distributions/gradle-$gradle-bin.zip"; then
    unzip -q /tmp/gradle.zip -d /opt
    ln -s "/opt/gradle-$gradle/bin/gradle" /usr/local/bin/gradle
else
    echo "   Gradle: not to be had from services.gradle.org; Debian's is taken, which is old"
    install gradle
fi
