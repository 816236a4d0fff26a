# Setup Assistant shows nothing that can be skipped.
resource "asm_enrollment_profile" "library" {
  token_id         = asm_token.district.id
  name             = "Library"
  skip_setup_items = provider::asm::skip_setup_items("ipados", "26.1")
}

# It shows the passcode and Siri, and nothing else.
resource "asm_enrollment_profile" "staff" {
  token_id         = asm_token.district.id
  name             = "Staff"
  skip_setup_items = setsubtract(provider::asm::skip_setup_items("ipados", "26.1"), ["Passcode", "Siri"])
}
