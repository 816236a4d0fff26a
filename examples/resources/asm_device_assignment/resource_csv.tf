# A CSV file for each cart, as an export, a reseller or a spreadsheet has it:
# carts/A.csv, carts/B.csv, ... and a profile for each.
locals {
  carts = { for name in fileset(path.module, "carts/*.csv") : trimsuffix(basename(name), ".csv") => file("${path.module}/${name}") }
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
  serial_number_list = provider::asm::serial_numbers_from_csv(each.value)

  # An iPad may change carts.
  take_over_from = [for profile in asm_enrollment_profile.cart : profile.id]
}
