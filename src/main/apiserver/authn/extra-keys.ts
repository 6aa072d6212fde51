// What is known of a user beyond name and groups, under upstream's keys of `extra`.
// @see https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/

/** Which certificate or token it was. */
export const CREDENTIAL_ID = 'authentication.kubernetes.io/credential-id'
/** Of a pod's token: the node that the pod is on. */
export const NODE_NAME = 'authentication.kubernetes.io/node-name'
/** In the audit event of a request for a token: which one was given. */
export const ISSUED_CREDENTIAL_ID = 'authentication.kubernetes.io/issued-credential-id'

/** @param jti of a token */
export const credentialId = (jti: string): string => `JTI=${jti}`
