// bootstrapsigner: signs the ConfigMap kube-public/cluster-info with every bootstrap token, so that a machine that
// holds a token can tell the real cluster from another one.
// @see https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing
import { createHmac } from 'node:crypto'
import { ConfigMap, Secret } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import {
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenEndsAt,
  bootstrapTokenField,
} from '../../../shared/machinery/bootstrap-token.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'

const NAMESPACE = 'kube-public'
const NAME = 'cluster-info'
const PREFIX = 'jws-kubeconfig-'

const isClusterInfo = ({ metadata }: ConfigMap) => metadata.namespace === NAMESPACE && metadata.name === NAME
const isToken = ({ type, metadata }: Secret) => type === BOOTSTRAP_TOKEN_TYPE && metadata.namespace === 'kube-system'

const base64url = (text: string) => Buffer.from(text).toString('base64url')

/** A detached JSON Web Signature (RFC 7515, appendix F): `<header>..<signature>`. */
function detachedSignature(content: string, id: string, secret: string): string {
  const header = base64url(JSON.stringify({ alg: 'HS256', kid: id }))
  const signature = createHmac('sha256', secret)
    .update(`${header}.${base64url(content)}`)
    .digest('base64url')
  return `${header}..${signature}`
}

export class BootstrapSigner implements Reconciler<ConfigMap> {
  readonly name = 'bootstrapsigner'
  readonly identity = 'bootstrap-signer'
  readonly type = ConfigMap
  readonly workers = 1
  readonly watches = [
    own(ConfigMap, ({ object }) => isClusterInfo(object)),
    mapped(Secret, ({ object }) => (isToken(object) ? [{ namespace: NAMESPACE, name: NAME }] : [])),
  ]

  async reconcile(info: ConfigMap, context: ControllerContext): Promise<Result> {
    const content = info.data?.kubeconfig
    if (!isClusterInfo(info) || content === undefined) return done
    const { client, clock, lister, signal } = context
    const data = Object.fromEntries(Object.entries(info.data ?? {}).filter(([key]) => !key.startsWith(PREFIX)))
    for (const token of lister(Secret).list('kube-system').filter(isToken)) {
      const id = bootstrapTokenField(token, 'token-id')
      const secret = bootstrapTokenField(token, 'token-secret')
      const endsAtMs = bootstrapTokenEndsAt(token)
      const over = endsAtMs !== undefined && !(clock.now() < endsAtMs)
      if (!id || !secret || over || bootstrapTokenField(token, 'usage-bootstrap-signing') !== 'true') continue
      data[PREFIX + id] = detachedSignature(content, id, secret)
    }
    if (!deepEqual(data, info.data)) await client.update(ConfigMap, { ...info, data }, { signal })
    return done
  }
}
