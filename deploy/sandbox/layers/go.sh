# Go with cgo's compiler. A newer toolchain that a go.mod asks for comes from the module proxy during set-up.
install golang-go build-essential pkg-config
