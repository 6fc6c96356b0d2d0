module polyglot

go 1.24

require github.com/wasmill/wasmill/guest-sdk/go v0.1.0

replace github.com/wasmill/wasmill/guest-sdk/go => ../../../guest-sdk/go
