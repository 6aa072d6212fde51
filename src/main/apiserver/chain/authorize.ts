// Turns a refusal of the authorizers into the 403 that upstream words.
import { groupResourceOf } from '../../../shared/machinery/resource-type.ts'
import { ApiError } from '../../../shared/machinery/status.ts'
import type { AuthorizationAttributes, AuthorizationDecision } from '../authz/contract.ts'

/** The path as people read it; one that is no UTF-8 stays as it was sent. */
function readable(path: string): string {
  try {
    return decodeURI(path)
  } catch {
    return path
  }
}

function deniedMessage({ user, ...at }: AuthorizationAttributes): string {
  const who = `User ${JSON.stringify(user.name)}`
  if (!at.isResource) return `${who} cannot ${at.verb} path ${JSON.stringify(readable(at.path))}`
  const resource = at.subresource ? `${at.resource}/${at.subresource}` : at.resource
  const where = at.namespace ? `in the namespace ${JSON.stringify(at.namespace)}` : 'at the cluster scope'
  return `${who} cannot ${at.verb} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(at.group)} ${where}`
}

/** @returns the 403 for a denied request */
export function denial(attributes: AuthorizationAttributes, reason?: string): ApiError {
  const why = deniedMessage(attributes) + (reason ? `: ${reason}` : '')
  if (!attributes.isResource) return new ApiError(403, 'Forbidden', `forbidden: ${why}`, {})
  const type = { group: attributes.group, plural: attributes.resource }
  const { name } = attributes
  return new ApiError(
    403,
    'Forbidden',
    `${groupResourceOf(type)}${name ? ` ${JSON.stringify(name)}` : ''} is forbidden: ${why}`,
    { ...(name ? { name } : {}), ...(type.group ? { group: type.group } : {}), kind: type.plural },
  )
}

/** @throws ApiError 403 */
export function assertAllowed(
  attributes: AuthorizationAttributes,
  authorize: (attributes: AuthorizationAttributes) => AuthorizationDecision,
): void {
  const { decision, reason } = authorize(attributes)
  if (decision !== 'allow') throw denial(attributes, reason)
}
