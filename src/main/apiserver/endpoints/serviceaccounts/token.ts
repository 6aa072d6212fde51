// serviceaccounts/token: a token that expires, for an audience, bound to an object when asked.
// @see https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
import type { TokenRequest } from '../../../../shared/api/authentication/v1.ts'
import type { Pod } from '../../../../shared/api/core/v1.ts'
import { formatTime } from '../../../../shared/machinery/clock.ts'
import { type FieldError, invalidValue } from '../../../../shared/machinery/field-error.ts'
import type { AnyObject } from '../../../../shared/machinery/object.ts'
import { ApiError, badRequest, conflict, invalid, notFound } from '../../../../shared/machinery/status.ts'
import { credentialId, ISSUED_CREDENTIAL_ID } from '../../authn/extra-keys.ts'
import type { BoundRef, NodeRef, TokenRequest as Order } from '../../authn/service-account-tokens.ts'
import type { ResourceDescriptor } from '../../registry/resource.ts'
import type { EndpointContext, SubresourceHandler } from '../contract.ts'
import { inNamespace } from '../write/in-namespace.ts'
import { writeOptionsOf } from '../write/write-options.ts'

const DEFAULT_SECONDS = 3600
const MIN_SECONDS = 600
const MAX_SECONDS = 2 ** 32
/** What pods get for the API server: programs that read their token once, when they start, are not shut out by it. */
const WARN_ONLY_SECONDS = 3607
const EXTENDED_SECONDS = 365 * 24 * 3600

const BINDABLE = ['Pod', 'Secret', 'Node'] as const
type Bindable = (typeof BINDABLE)[number]

function validate(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds'
  if (seconds < MIN_SECONDS) return [invalidValue(field, seconds, 'may not specify a duration less than 10 minutes')]
  if (seconds > MAX_SECONDS)
    return [invalidValue(field, seconds, 'may not specify a duration larger than 2^32 seconds')]
  return []
}

const refOf = ({ metadata }: AnyObject): BoundRef => ({ name: metadata.name, uid: metadata.uid })

function resourceOf(context: EndpointContext, kind: string, plural: string): ResourceDescriptor {
  const resource = context.resources.byKind('', 'v1', kind)
  if (!resource) throw notFound({ group: '', plural }, '')
  return resource
}

/** The node that a pod is bound to, whether there is such a node or not. */
function nodeOf(pod: Pod, context: EndpointContext): NodeRef | undefined {
  if (!pod.spec.nodeName) return undefined
  const node = context.find(resourceOf(context, 'Node', 'nodes'), { namespace: '', name: pod.spec.nodeName })
  return node ? refOf(node.object) : { name: pod.spec.nodeName }
}

function binding(
  account: string,
  namespace: string,
  { spec }: TokenRequest,
  context: EndpointContext,
): Pick<Order, 'boundTo' | 'node'> {
  const wanted = spec?.boundObjectRef
  if (!wanted) return {}
  const { apiVersion = '', kind: given = '', name = '', uid } = wanted
  const kind = BINDABLE.find(known => known === given) as Bindable | undefined
  if (!kind || (apiVersion !== 'v1' && apiVersion !== '')) {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    throw badRequest(`cannot bind token to object of type ${group}/${version}, Kind=${given}`)
  }
  const resource = resourceOf(context, kind, `${kind.toLowerCase()}s`)
  const object = context.get(resource, { namespace: kind === 'Node' ? '' : namespace, name })
  if (kind === 'Pod') {
    // Whose it is is not told to who may not read it.
    if ((object as unknown as Pod).spec.serviceAccountName !== account)
      throw badRequest(
        `cannot bind token for serviceaccount ${JSON.stringify(account)} to pod running with different serviceaccount name.`,
      )
  }
  if (uid && uid !== object.metadata.uid)
    throw conflict(
      { group: '', plural: kind },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  const node = kind === 'Pod' ? nodeOf(object as unknown as Pod, context) : undefined
  return { boundTo: { kind, ...refOf(object) }, ...(node ? { node } : {}) }
}

const TOKEN_REQUEST = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }
const SCHEMA = 'authentication.v1.TokenRequest'

export const serviceAccountToken: SubresourceHandler = {
  group: '',
  resource: 'serviceaccounts',
  subresource: 'token',
  kind: TOKEN_REQUEST,
  methods: { POST: 'create' },
  async handle(request, context) {
    const { namespace, name } = request.info
    const resource = resourceOf(context, 'ServiceAccount', 'serviceaccounts')
    const decoded = await context.decode(request, SCHEMA)
    const asked = decoded as unknown as TokenRequest
    const options = writeOptionsOf(request, 'CreateOptions')
    const { spec = {}, metadata = {} } = asked
    inNamespace(metadata, namespace)
    // A node that may not ask for it is not told whether there is such an account.
    await context.admit({
      operation: 'CREATE',
      resource,
      subresource: 'token',
      kind: { ...TOKEN_REQUEST, schema: SCHEMA },
      namespace,
      name,
      object: decoded,
      options: options.asked ?? {},
      user: request.user,
      dryRun: options.dryRun ?? false,
      warn: text => request.warn(text),
      annotate: options.annotate,
      deadlineMs: options.deadlineMs,
      waited: options.waited,
    })
    if (metadata.name && metadata.name !== name)
      throw invalid(TOKEN_REQUEST, name, [
        invalidValue('metadata.name', metadata.name, 'must match the service account name if specified'),
      ])
    const account = context.get(resource, { namespace, name })
    const { uid } = account.metadata
    if (metadata.uid && metadata.uid !== uid)
      throw conflict(
        { ...TOKEN_REQUEST, plural: TOKEN_REQUEST.kind },
        name,
        `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`,
      )
    const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS
    const errors = validate(expirationSeconds)
    // A request has no name, whatever the account's is.
    if (errors.length > 0) throw invalid(TOKEN_REQUEST, '', errors)
    if (account.metadata.deletionTimestamp)
      throw new ApiError(409, 'Conflict', `serviceaccount "${name}" is being deleted`)
    const audiences = spec.audiences?.length ? spec.audiences : context.tokens.apiAudiences
    const bound = binding(name, namespace, asked, context)
    const warnsOnly =
      bound.boundTo?.kind === 'Pod' &&
      expirationSeconds === WARN_ONLY_SECONDS &&
      audiences.every(audience => context.tokens.apiAudiences.includes(audience))
    const lifetime = warnsOnly
      ? { expirationSeconds: EXTENDED_SECONDS, warnAfterSeconds: expirationSeconds }
      : { expirationSeconds }
    const order = { namespace, serviceAccount: refOf(account), audiences, ...lifetime, ...bound }
    const issued = options.dryRun ? undefined : await context.tokens.issue(order)
    if (issued) options.annotate?.(ISSUED_CREDENTIAL_ID, credentialId(issued.id))
    const expiresAtMs = issued?.expiresAtMs ?? context.clock.now() + expirationSeconds * 1000
    const object: TokenRequest = {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name, namespace, uid, creationTimestamp: formatTime(context.clock.now()) },
      spec: {
        audiences: [...audiences],
        expirationSeconds,
        ...(spec.boundObjectRef ? { boundObjectRef: spec.boundObjectRef } : {}),
      },
      status: { token: issued?.token ?? '', expirationTimestamp: formatTime(expiresAtMs) },
    }
    return { code: 201, object }
  },
}
