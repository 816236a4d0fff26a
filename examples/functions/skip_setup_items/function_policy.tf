# Intune's enrollment policies have no pane for these keys.
resource "asm_enrollment_policy" "library" {
  token_id = asm_token.district.id
  name     = "Library"
  skip_setup_items = setsubtract(provider::asm::skip_setup_items("ios", "26.1"), [
    "DisplayTone", "HomeButtonSensitivity", "Keyboard", "MessagingActivationUsingPhoneNumber", "OnBoarding", "SpokenLanguage", "Zoom",
  ])
}
