list "asm_token" "all" {
  provider         = asm
  include_resource = true

  config {
    type   = "school"
    status = "active"
  }
}
