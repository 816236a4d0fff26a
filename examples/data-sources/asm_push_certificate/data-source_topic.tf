# A push certificate that was replaced instead of renewed has another topic, and
# loses every device. The topic that the devices know is written down here.
data "asm_push_certificate" "renewed" {}

check "push_certificate_was_renewed" {
  assert {
    condition     = data.asm_push_certificate.renewed.topic == var.push_topic
    error_message = "The push certificate has topic ${data.asm_push_certificate.renewed.topic}: it was replaced, not renewed."
  }
}

variable "push_topic" {
  type    = string
  default = "com.apple.mgmt.External.0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
}
