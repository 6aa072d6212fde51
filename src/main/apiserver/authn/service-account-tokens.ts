// Service-account tokens: JWTs signed with the cluster's key, bound to objects that must still exist.
// See the Kubernetes documentation, "Managing Service Accounts", and KEP-1205 (bound service account tokens).
import { createHash, createPrivateKey, createPublicKey, randomUUID, type KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import { unauthorized } from '../../../shared/machinery/status.ts'
import type { UserInfo } from '../request.ts'
import type { VerifiedToken } from './bearer-tokens.ts'
import { CREDENTIAL_ID, credentialId, NODE_NAME } from './extra-keys.ts'

// Loaded with the first token: a start should not pay for it.
const jose = () => import('jose')

const ALGORITHM = 'ES256'
const CLAIM = 'kubernetes.io'
const CACHE_ENTRIES = 4096
/** What should be gone for longer than this gives no rights, whoever holds it back. */
const LEEWAY_MS = 60_000

export interface BoundRef {
  readonly name: string
  readonly uid: string
}

export interface TokenRequest {
  readonly namespace: string
  readonly serviceAccount: BoundRef
  readonly audiences: readonly string[]
  /** Undefined = never expires (legacy Secrets). */
  readonly expirationSeconds: number | undefined
  /** Who uses it for longer has not read it again; that is told of each use. */
  readonly warnAfterSeconds?: number
  /** The token dies with this object. */
  readonly boundTo?: BoundRef & { readonly kind: 'Pod' | 'Secret' | 'Node' }
  /** The node of the pod that the token is bound to. */
  readonly node?: NodeRef
}

/** Without a uid there is no such node yet. */
export type NodeRef = Pick<BoundRef, 'name'> & Partial<BoundRef>

export interface IssuedToken {
  readonly token: string
  /** Tells it from others, to whoever follows its use. */
  readonly id: string
  /** When it is to have been read again; undefined = never. */
  readonly expiresAtMs: number | undefined
}

export interface ServiceAccountTokens {
  readonly issuer: string
  /** Audiences that the API server itself accepts; what a token gets that asks for none. */
  readonly apiAudiences: readonly string[]
  /** How often tokens that warn have been used, before and after they are to have been read again. */
  readonly uses: { readonly valid: number; readonly stale: number }
  issue(request: TokenRequest): Promise<IssuedToken>
  /**
   * Checks signature, issuer, time, audience, and that every object the token is bound to exists unchanged.
   * @param audiences at least one must match; default the API server's own
   * @returns undefined for what is not one of our tokens
   * @throws ApiError 401 for one that is no longer valid
   */
  verify(token: string, audiences?: readonly string[]): Promise<VerifiedToken | undefined>
  /** The public keys, for `/openid/v1/jwks`. */
  jwks(): Promise<{ readonly keys: readonly Record<string, unknown>[] }>
}

export interface TokenOptions {
  /** PKCS #8 PEM, EC P-256. */
  readonly keyPem: string
  /** Public key of the one before; its tokens are still accepted. */
  readonly previousKeyPem?: string
  readonly issuer: string
  readonly apiAudiences: readonly string[]
  readonly clock: Clock
  /** Reads an object as it is now; undefined when there is none. */
  readonly lookup: (
    kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node',
    namespace: string,
    name: string,
  ) => AnyObject | undefined
  /** Told of each use of a token that a Secret holds. @throws ApiError 401 for one that is not accepted any more */
  readonly onSecretUsed: (secret: AnyObject) => void
}

interface PrivateClaims {
  readonly namespace?: string
  readonly serviceaccount?: BoundRef
  readonly pod?: BoundRef
  readonly secret?: BoundRef
  readonly node?: NodeRef
  /** Seconds since 1970. */
  readonly warnafter?: number
}

const STALE = 'authentication.k8s.io/stale-token'

/** As upstream names keys: the SHA-256 of the public key's DER form. */
function keyIdOf(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
}

const refOf = ({ name, uid }: NodeRef) => ({ name, ...(uid ? { uid } : {}) })

function userOf(claims: PrivateClaims, account: BoundRef, tokenId: string): UserInfo {
  const namespace = claims.namespace ?? ''
  return {
    name: `system:serviceaccount:${namespace}:${account.name}`,
    uid: account.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      [CREDENTIAL_ID]: [credentialId(tokenId)],
      ...(claims.pod
        ? {
            'authentication.kubernetes.io/pod-name': [claims.pod.name],
            'authentication.kubernetes.io/pod-uid': [claims.pod.uid],
          }
        : {}),
      ...(claims.node
        ? {
            [NODE_NAME]: [claims.node.name],
            ...(claims.node.uid ? { 'authentication.kubernetes.io/node-uid': [claims.node.uid] } : {}),
          }
        : {}),
    },
  }
}

export function createServiceAccountTokens(options: TokenOptions): ServiceAccountTokens {
  const { issuer, apiAudiences, clock, lookup, onSecretUsed } = options
  const privateKey = createPrivateKey(options.keyPem)
  const publicKey = createPublicKey(privateKey)
  const keyId = keyIdOf(publicKey)
  const accepted = [publicKey, ...(options.previousKeyPem ? [createPublicKey(options.previousKeyPem)] : [])]
  const byId = new Map(accepted.map(key => [keyIdOf(key), key]))
  /** Verified payloads by token: signatures are checked once, bindings and time on every request. */
  const seen = new LRUCache<string, Record<string, unknown>>({ max: CACHE_ENTRIES })

  const uses = { valid: 0, stale: 0 }
  /** @returns what is noted about the use of a token that warns */
  function noteUse(subject: string, warnAfter: number | undefined): Record<string, string> | undefined {
    if (!warnAfter) return undefined
    if (clock.now() <= warnAfter * 1000) {
      uses.valid++
      return undefined
    }
    uses.stale++
    const seconds = Math.floor(clock.now() / 1000) - warnAfter
    return { [STALE]: `subject: ${subject}, seconds after warning threshold: ${seconds}` }
  }

  const isAlive = (kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node', namespace: string, ref: NodeRef | undefined) => {
    if (!ref) return true
    const object = lookup(kind, namespace, ref.name)
    if (!object || object.metadata.uid !== ref.uid) return false
    const { deletionTimestamp } = object.metadata
    return deletionTimestamp === undefined || Date.parse(deletionTimestamp) >= clock.now() - LEEWAY_MS
  }

  async function payloadOf(token: string): Promise<Record<string, unknown> | undefined> {
    const known = seen.get(token)
    if (known) return known
    if (token.split('.').length !== 3) return undefined
    const { decodeJwt, decodeProtectedHeader, jwtVerify } = await jose()
    let signedBy: string | undefined
    try {
      if (decodeJwt(token).iss !== issuer) return undefined
      signedBy = decodeProtectedHeader(token).kid
    } catch {
      return undefined // not a JWT: some other method's token
    }
    try {
      const { payload } = await jwtVerify(token, byId.get(signedBy ?? keyId) ?? publicKey, {
        algorithms: [ALGORITHM],
        issuer,
        currentDate: new Date(clock.now()),
      })
      seen.set(token, payload)
      return payload
    } catch {
      throw unauthorized()
    }
  }

  return {
    issuer,
    apiAudiences,
    uses,
    async issue({ namespace, serviceAccount, audiences, expirationSeconds, warnAfterSeconds, boundTo, node }) {
      const { SignJWT } = await jose()
      const nowSeconds = Math.floor(clock.now() / 1000)
      const id = randomUUID()
      const claims = {
        namespace,
        serviceaccount: refOf(serviceAccount),
        ...(boundTo ? { [boundTo.kind.toLowerCase()]: refOf(boundTo) } : {}),
        ...(node ? { node: refOf(node) } : {}),
        ...(warnAfterSeconds ? { warnafter: nowSeconds + warnAfterSeconds } : {}),
      }
      const lifetime = warnAfterSeconds ?? expirationSeconds
      const jwt = new SignJWT({ [CLAIM]: claims })
        .setProtectedHeader({ alg: ALGORITHM, kid: keyId })
        .setIssuer(issuer)
        .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
        .setAudience(audiences.length > 0 ? [...audiences] : [...apiAudiences])
        .setIssuedAt(nowSeconds)
        .setNotBefore(nowSeconds)
        .setJti(id)
      if (expirationSeconds !== undefined) jwt.setExpirationTime(nowSeconds + expirationSeconds)
      return {
        id,
        token: await jwt.sign(privateKey),
        expiresAtMs: lifetime === undefined ? undefined : (nowSeconds + lifetime) * 1000,
      }
    },
    async verify(token, audiences = apiAudiences) {
      const payload = await payloadOf(token)
      if (!payload) return undefined
      const nowSeconds = clock.now() / 1000
      const { exp, nbf, aud, jti } = payload
      if (
        (typeof exp === 'number' && exp <= nowSeconds) ||
        (typeof nbf === 'number' && nbf > nowSeconds + LEEWAY_MS / 1000)
      )
        throw unauthorized()
      const has = Array.isArray(aud) ? aud : [aud]
      const shared = audiences.filter(audience => has.includes(audience))
      if (shared.length === 0) throw unauthorized()
      const claims = (payload[CLAIM] ?? {}) as PrivateClaims
      const namespace = claims.namespace ?? ''
      const account = claims.serviceaccount
      if (
        !account ||
        !isAlive('ServiceAccount', namespace, account) ||
        !isAlive('Pod', namespace, claims.pod) ||
        !isAlive('Secret', namespace, claims.secret) ||
        (claims.pod === undefined && !isAlive('Node', '', claims.node))
      )
        throw unauthorized()
      const secret = claims.secret && lookup('Secret', namespace, claims.secret.name)
      if (secret) onSecretUsed(secret)
      const user = userOf(claims, account, String(jti))
      const annotations = noteUse(user.name, claims.warnafter)
      return { user, audiences: shared, ...(annotations ? { annotations } : {}) }
    },
    async jwks() {
      const { exportJWK } = await jose()
      const keys = [...byId].map(async ([kid, key]) => ({ ...(await exportJWK(key)), kid, alg: ALGORITHM, use: 'sig' }))
      return { keys: await Promise.all(keys) }
    },
  }
}
