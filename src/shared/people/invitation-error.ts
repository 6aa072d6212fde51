// Why somebody cannot be invited, in a sentence for whoever invites.
export class InvitationError extends Error {
  override name = 'InvitationError'
}
