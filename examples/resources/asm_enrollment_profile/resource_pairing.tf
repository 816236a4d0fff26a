# Devices pair with computers that have this Apple Configurator certificate
# only, and trust an MDM whose certificate comes from the school's own authority.
resource "asm_enrollment_profile" "lab" {
  token_id = asm_token.district.id
  name     = "Lab iPad"

  pairing = {
    mode                      = "certificate"
    configurator_certificates = [file("${path.module}/configurator.pem")]
  }

  enrollment_url      = "https://mdm.lab.school.example/enroll"
  anchor_certificates = [file("${path.module}/school-ca.pem")]

  lifecycle {
    create_before_destroy = true
  }
}
