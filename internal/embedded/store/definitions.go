package store

import "context"

// OpCreate makes the first definition of a new profile. It is an entry of its own kind because nobody knows the profile
// before it was answered.
const OpCreate Op = "create"

// Defines tells whether an entry makes a definition.
func (e Entry) Defines() bool { return e.Op == OpCreate || e.Op == OpDefine }

// ForgetDefinitions records that Apple has no definition of a token's profiles any more: those that were made belong to
// another server than the one that the token now stands for.
func (tx *Tx) ForgetDefinitions(ctx context.Context, tokenID string) error {
	for _, statement := range []string{
		"DELETE FROM apple_profiles WHERE profile_id IN (SELECT id FROM profiles WHERE token_id = ?)",
		"UPDATE profiles SET apple_uuid = '' WHERE token_id = ?",
		"DELETE FROM claims WHERE token_id = ?",
	} {
		if _, err := tx.exec(ctx, statement, tokenID); err != nil {
			return err
		}
	}
	return nil
}
