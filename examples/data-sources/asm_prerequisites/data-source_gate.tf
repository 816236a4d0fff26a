# Where a pipeline has to stop: nothing is given to devices before the tenant is
# ready.
data "asm_prerequisites" "tenant" {
  expiry_warning_days = 14

  lifecycle {
    postcondition {
      condition     = self.items["push_certificate"].verdict != "unmet"
      error_message = "${self.items["push_certificate"].found} ${self.items["push_certificate"].do}"
    }
  }
}
