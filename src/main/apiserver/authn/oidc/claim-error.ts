/** Why a token that the issuer signed names nobody. */
export class ClaimError extends Error {}
