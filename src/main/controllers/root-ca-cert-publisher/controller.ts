// root-ca-cert-publisher: every namespace has the cluster's CA in the ConfigMap kube-root-ca.crt, for pods to trust.
import { ConfigMap, Namespace } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'

const NAME = 'kube-root-ca.crt'
const KEY = 'ca.crt'
const annotations = {
  'kubernetes.io/description':
    'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the ' +
    'internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes ' +
    'clusters.',
}

export class RootCaCertPublisher implements Reconciler<Namespace> {
  readonly name = 'root-ca-cert-publisher'
  readonly identity = 'root-ca-cert-publisher'
  readonly type = Namespace
  readonly watches = [
    own(Namespace),
    mapped(ConfigMap, ({ object: { metadata } }) => (metadata.name === NAME ? [{ name: metadata.namespace }] : [])),
  ]
  readonly #rootCa: string

  /** @param rootCa PEM */
  constructor(rootCa: string) {
    this.#rootCa = rootCa
  }

  async reconcile({ metadata, status }: Namespace, context: ControllerContext): Promise<Result> {
    if (metadata.deletionTimestamp || status.phase === 'Terminating') return done
    const { client, signal } = context
    const ref = { namespace: metadata.name, name: NAME }
    const data = { [KEY]: this.#rootCa }
    const current = context.lister(ConfigMap).get(ref)
    if (current && isExactly(current, data)) return done
    try {
      if (!current) await client.create(ConfigMap, { metadata: { ...ref, annotations }, data }, { signal })
      else {
        const merged = { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } }
        await client.update(ConfigMap, { ...current, metadata: merged, data }, { signal })
      }
    } catch (error) {
      // Somebody was faster, or the namespace goes away.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error
    }
    return done
  }
}

const isExactly = ({ data, metadata }: ConfigMap, wanted: Record<string, string>): boolean =>
  Object.keys(data ?? {}).length === 1 &&
  data?.[KEY] === wanted[KEY] &&
  Object.entries(annotations).every(([key, value]) => metadata.annotations?.[key] === value)
