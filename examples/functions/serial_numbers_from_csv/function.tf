# The iPads of an order, in the file that the reseller sent: the column is found
# by its heading. Give the heading if it is another one:
# serial_numbers_from_csv(file("..."), "Geräte-ID").
locals {
  ordered = provider::asm::serial_numbers_from_csv(file("${path.module}/order.csv"))
}

resource "asm_device_assignment" "ordered" {
  token_id           = asm_token.district.id
  profile_id         = asm_enrollment_profile.classroom.id
  serial_number_list = local.ordered
}

# A list, where there are few: compact() makes nothing of nothing.
output "ordered" {
  value = length(compact(split(" ", local.ordered)))
}
