list "asm_device_assignment" "all" {
  provider         = asm
  include_resource = true
  limit            = 1000

  config {
    token_id             = "5b1f6c0e-9d0a-4a57-8a0e-3f0f5d6f2a11"
    minimum_device_count = 10
  }
}
