module pinquery.example/batch

go 1.19
