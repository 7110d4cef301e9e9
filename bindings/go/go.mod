module github.com/pgrant/pgrant/bindings/go

go 1.19
