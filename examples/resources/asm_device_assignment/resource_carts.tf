# One file for all: ipads.csv with the columns serial and cart, and a profile for
# each cart.
locals {
  ipads = csvdecode(file("${path.module}/ipads.csv"))
  carts = toset(local.ipads[*].cart)
}

resource "asm_enrollment_profile" "cart" {
  for_each = local.carts

  token_id = asm_token.district.id
  name     = "Cart ${each.key}"

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_device_assignment" "cart" {
  for_each = local.carts

  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.cart[each.key].id
  serial_number_list = join(" ", [for ipad in local.ipads : ipad.serial if ipad.cart == each.key])

  # An iPad may change carts.
  take_over_from = [for profile in asm_enrollment_profile.cart : profile.id]
}
