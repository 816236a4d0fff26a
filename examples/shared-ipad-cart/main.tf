# A cart of 30 iPads that six classes use. The serial numbers are in cart-3.txt
# beside this file, one a line.
terraform {
  required_version = ">= 1.11"
  required_providers {
    asm = { source = "asm-enrollment/asm" }
  }
}

provider "asm" {
  embedded = {
    mdm_url = "https://mdm.school.example/enroll"
  }
}

resource "asm_token" "district" {
  name                    = "District"
  apple_id                = "it@school.example"
  server_token_wo         = file("${path.module}/token.p7m")
  server_token_wo_version = filesha256("${path.module}/token.p7m")
}

# Shared iPad needs supervised. user_affinity is left out: it is planned as the
# service needs it.
resource "asm_enrollment_profile" "cart" {
  token_id          = asm_token.district.id
  name              = "Shared iPad cart"
  supervised        = true
  locked_enrollment = true

  # Six classes, and a student of each has this iPad.
  shared_ipad = { maximum_cached_users = 6 }

  # The MDM finishes its settings before anybody signs in.
  await_device_configured = true

  # A Shared iPad is set up by nobody: what asks a person is left out.
  skip_setup_items = ["AppleID", "Biometric", "Diagnostics", "Location", "Passcode", "Payment", "Restore", "Siri", "TOS"]

  department       = "School IT"
  department_phone = "+1 555 0100"

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_device_assignment" "cart" {
  token_id            = asm_token.district.id
  profile_id          = asm_enrollment_profile.cart.id
  serial_numbers_file = "${path.module}/cart-3.txt"

  # iPads that are ordered and not delivered are assigned when a sync has them.
  missing_devices = "wait"

  lifecycle {
    postcondition {
      condition     = self.failed_count == 0
      error_message = "Some iPads did not get the profile: ${join(", ", self.failed_serial_numbers)}"
    }
  }
}

# The walk to the cart: these have to be erased before they are Shared iPads.
data "asm_devices" "cart" {
  token_id   = asm_token.district.id
  assignment = [asm_enrollment_profile.cart.id]
  details    = true
  depends_on = [asm_device_assignment.cart]
}

output "to_erase" {
  value = sort([for serial, ipad in data.asm_devices.cart.devices : serial if ipad.needs_reset])
}
