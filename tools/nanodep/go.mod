// Real clients of Apple's device enrollment service, written by others, that prove the simulator: see the README of
// github.com/micromdm/nanodep. A module of its own, so that the provider does not depend on them.
module github.com/asm-enrollment/terraform-provider-asm/tools/nanodep

go 1.26.0

tool (
	github.com/micromdm/nanodep/cmd/depserver
	github.com/micromdm/nanodep/cmd/depsyncer
	github.com/micromdm/nanodep/cmd/deptokens
)

require (
	filippo.io/edwards25519 v1.1.0 // indirect
	github.com/go-sql-driver/mysql v1.8.1 // indirect
	github.com/golang-jwt/jwt/v5 v5.0.0 // indirect
	github.com/gomodule/oauth1 v0.2.0 // indirect
	github.com/google/btree v1.0.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/lib/pq v1.10.9 // indirect
	github.com/micromdm/nanodep v0.7.0 // indirect
	github.com/micromdm/nanolib v0.5.0 // indirect
	github.com/peterbourgon/diskv/v3 v3.0.1 // indirect
	github.com/smallstep/pkcs7 v0.2.1 // indirect
	golang.org/x/crypto v0.33.0 // indirect
)
