list "asm_enrollment_policy" "ipads" {
  provider         = asm
  include_resource = true
  limit            = 1000

  config {
    platform = "ios"
  }
}
