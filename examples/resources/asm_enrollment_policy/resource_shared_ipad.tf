# iPads that students share, six to an iPad, and iPads for guests only.
resource "asm_enrollment_policy" "cart" {
  token_id          = asm_token.district.id
  name              = "Cart"
  locked_enrollment = true
  shared_ipad       = { maximum_cached_users = 6, user_session_timeout = 900 }

  lifecycle {
    create_before_destroy = true
  }
}

resource "asm_enrollment_policy" "library" {
  token_id          = asm_token.district.id
  name              = "Library"
  locked_enrollment = true
  shared_ipad       = { temporary_sessions_only = true, temporary_session_timeout = 300 }

  lifecycle {
    create_before_destroy = true
  }
}
