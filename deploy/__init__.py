"""Every way to run Pennyfix: the demo on one machine, containers, Kubernetes, systemd."""
