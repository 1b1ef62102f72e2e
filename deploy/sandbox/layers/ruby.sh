# Ruby and Bundler, with the compiler and libraries that gems with native parts need.
install ruby ruby-dev ruby-bundler build-essential pkg-config libffi-dev libyaml-dev libssl-dev libsqlite3-dev zlib1g-dev
