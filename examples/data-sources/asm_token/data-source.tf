# A token that another configuration manages, by its name.
data "asm_token" "district" {
  name = "District"
}

check "server_token_expiry" {
  assert {
    condition     = data.asm_token.district.days_left == null ? true : data.asm_token.district.days_left > 30
    error_message = "The server token of ${data.asm_token.district.name} has ${coalesce(data.asm_token.district.days_left, 0)} days left: renew it."
  }
}
