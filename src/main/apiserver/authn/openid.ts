// OpenID discovery: lets others verify service-account tokens without asking this server about each.

export const JWKS_PATH = '/openid/v1/jwks'
export const OPENID_CONFIGURATION_PATH = '/.well-known/openid-configuration'

export const discoveryDocument = (issuer: string) => ({
  issuer,
  jwks_uri: `${issuer}${JWKS_PATH}`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
})
