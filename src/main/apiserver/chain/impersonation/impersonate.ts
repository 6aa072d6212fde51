// Impersonation: a user with the right to may act as another. Beside the plain verb `impersonate`, which is good for
// everything that the other may do, there are constrained ways: they need a verb for whom (`impersonate:user-info`) and
// one for what is done as that user (`impersonate-on:user-info:list`).
// @see https://kep.k8s.io/5284
import { ApiError } from '../../../../shared/machinery/status.ts'
import type { AuthorizationAttributes } from '../../authz/contract.ts'
import type { ApiRequest, UserInfo } from '../../request.ts'
import { attributesOf } from '../attributes.ts'
import { assertAllowed } from '../authorize.ts'
import { type Authorize, authorizeUser } from './checks.ts'
import { accountOf, nodeOf } from './identity.ts'
import { NODE_NAME } from '../../authn/extra-keys.ts'
import { wantedUser } from './wanted-user.ts'

/** How many users' last way is remembered. */
const MOST_REMEMBERED = 10_000

interface Mode {
  readonly name: string
  /** Whether it is meant for this user at all. */
  fits(wanted: UserInfo, requestor: UserInfo): boolean
  /** What its authorizers are asked instead. */
  asked?(attributes: AuthorizationAttributes): AuthorizationAttributes
}

const nameAlone = ({ uid, groups, extra }: UserInfo) => !uid && groups.length === 0 && !extra

function isOfNode(requestor: UserInfo, node: string | undefined): boolean {
  const [own, ...more] = requestor.extra?.[NODE_NAME] ?? []
  return node !== undefined && own === node && more.length === 0 && accountOf(requestor.name) !== undefined
}

/** In the order in which they are tried. */
const MODES: readonly Mode[] = [
  {
    name: 'associated-node',
    fits: (wanted, requestor) => nameAlone(wanted) && isOfNode(requestor, nodeOf(wanted.name)),
    // A right to be the own node is one for whichever node that is.
    asked: attributes =>
      attributes.verb === 'impersonate:associated-node' ? { ...attributes, name: '*' } : attributes,
  },
  { name: 'arbitrary-node', fits: wanted => nameAlone(wanted) && nodeOf(wanted.name) !== undefined },
  { name: 'serviceaccount', fits: wanted => nameAlone(wanted) && accountOf(wanted.name) !== undefined },
  { name: 'user-info', fits: ({ name }) => nodeOf(name) === undefined && accountOf(name) === undefined },
]

interface Become {
  readonly user: UserInfo
  readonly constraint?: string
}

/** Tries the ways to become a user; undefined is `impersonate` alone. @throws ApiError 403 */
type Try = (mode: Mode | undefined) => Become

/**
 * @returns what makes a request one of the impersonated user, or leaves it as it was; it throws ApiError 403 when the
 * real user may not impersonate, and 400 for headers that contradict each other
 */
export function impersonation(authorize: Authorize): (request: ApiRequest) => ApiRequest {
  /** By user: the way that went well last is tried first. */
  const lastWays = new Map<string, Mode | undefined>()

  function remember(name: string, way: Mode | undefined): void {
    lastWays.delete(name)
    lastWays.set(name, way)
    const [oldest] = lastWays.keys()
    if (lastWays.size > MOST_REMEMBERED && oldest !== undefined) lastWays.delete(oldest)
  }

  function tryWays(requestor: string, ways: ReadonlySet<Mode | undefined>, attempt: Try): Become {
    let refusal: ApiError | undefined
    for (const way of ways) {
      try {
        const become = attempt(way)
        remember(requestor, way)
        return become
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        refusal ??= error
      }
    }
    throw refusal ?? new ApiError(500, 'InternalError', 'all impersonation modes failed')
  }

  return request => {
    const wanted = wantedUser(request.headers)
    if (!wanted) return request
    const attributes = attributesOf(request)
    const requestor = request.user
    const attempt: Try = mode => {
      if (!mode)
        return { user: authorizeUser(requestor, wanted, { verb: 'impersonate', constrained: false }, authorize) }
      const asModeAsks: Authorize = given => authorize(mode.asked?.(given) ?? given)
      assertAllowed({ ...attributes, verb: `impersonate-on:${mode.name}:${attributes.verb}` }, asModeAsks)
      const constraint = `impersonate:${mode.name}`
      return { user: authorizeUser(requestor, wanted, { verb: constraint, constrained: true }, asModeAsks), constraint }
    }
    const fitting = [...MODES.filter(mode => mode.fits(wanted, requestor)), undefined]
    const last = lastWays.get(requestor.name)
    const first = lastWays.has(requestor.name) && fitting.includes(last) ? [last] : []
    const { user, constraint } = tryWays(requestor.name, new Set([...first, ...fitting]), attempt)
    return Object.create(request, {
      user: { value: user, enumerable: true },
      ...(constraint === undefined ? {} : { impersonationConstraint: { value: constraint, enumerable: true } }),
    }) as ApiRequest
  }
}
