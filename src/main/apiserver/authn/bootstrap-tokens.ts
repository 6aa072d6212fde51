// Bootstrap tokens: short-lived Secrets in kube-system with which a new node asks for its certificate.
// @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../../../shared/api/core/v1.ts'
import {
  BOOTSTRAP_TOKEN_TYPE,
  TOKEN_SECRET_HASH,
  bootstrapTokenEndsAt,
  bootstrapTokenField,
  bootstrapTokenSecretName,
} from '../../../shared/machinery/bootstrap-token.ts'
import type { Clock } from '../../../shared/machinery/clock.ts'
import type { AnyObject } from '../../../shared/machinery/object.ts'
import type { UserInfo } from '../request.ts'

const TOKEN = /^([a-z0-9]{6})\.([a-z0-9]{16})$/
const GROUP = 'system:bootstrappers'
const EXTRA_GROUP = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/

const digest = (text: string) => createHash('sha256').update(text).digest()
const isSame = (a: string, b: string) => timingSafeEqual(digest(a), digest(b))

/** The secret part itself, or only a hash of it, is in the Secret; never both, never neither. */
function isRight(secret: Secret, secretPart: string): boolean {
  const [plain, hash] = ['token-secret', TOKEN_SECRET_HASH].map(field => bootstrapTokenField(secret, field))
  if (hash) return !plain && isSame(hash, digest(secretPart).toString('hex'))
  return isSame(plain ?? '', secretPart)
}

/** @returns undefined when one of them is none that a bootstrap token may give */
function extraGroups(secret: Secret): string[] | undefined {
  const named = bootstrapTokenField(secret, 'auth-extra-groups')
  const groups = named === '' ? [] : named.split(',').map(group => group.trim())
  return groups.every(group => EXTRA_GROUP.test(group)) ? groups : undefined
}

/** @param lookup reads a Secret of kube-system as it is now */
export function bootstrapTokenUser(
  lookup: (name: string) => AnyObject | undefined,
  clock: Clock,
): (token: string) => UserInfo | undefined {
  return token => {
    const [, id, secretPart] = TOKEN.exec(token) ?? []
    if (id === undefined || secretPart === undefined) return undefined
    const secret = lookup(bootstrapTokenSecretName(id)) as Secret | undefined
    if (!secret || secret.metadata.deletionTimestamp || secret.type !== BOOTSTRAP_TOKEN_TYPE) return undefined
    if (!isRight(secret, secretPart)) return undefined
    if (bootstrapTokenField(secret, 'token-id') !== id) return undefined
    const endsAtMs = bootstrapTokenEndsAt(secret)
    if (endsAtMs !== undefined && !(clock.now() < endsAtMs)) return undefined
    if (bootstrapTokenField(secret, 'usage-bootstrap-authentication') !== 'true') return undefined
    const groups = extraGroups(secret)
    return groups && { name: `system:bootstrap:${id}`, groups: [GROUP, ...new Set(groups)] }
  }
}
