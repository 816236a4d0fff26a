# State in PostgreSQL, beside a store in PostgreSQL. The address comes from the
# pipeline (PG_CONN_STR), because a saved plan holds what is written here.
terraform {
  backend "pg" {}
}
