// serviceaccount: every namespace has a service account named `default`.
import { Namespace, ServiceAccount } from '../../../shared/api/core/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { isAlreadyExists, isNamespaceTerminating, isNotFound } from '../../../shared/machinery/status.ts'

const DEFAULT = 'default'

export class ServiceAccountController implements Reconciler<Namespace> {
  readonly name = 'serviceaccount'
  readonly identity = 'service-account-controller'
  readonly type = Namespace
  readonly watches = [
    own(Namespace),
    mapped(ServiceAccount, ({ type, object: { metadata } }) =>
      type === 'deleted' && metadata.name === DEFAULT ? [{ name: metadata.namespace }] : [],
    ),
  ]

  async reconcile({ metadata, status }: Namespace, context: ControllerContext): Promise<Result> {
    if (metadata.deletionTimestamp || status.phase === 'Terminating') return done
    const ref = { namespace: metadata.name, name: DEFAULT }
    if (context.lister(ServiceAccount).get(ref)) return done
    try {
      await context.client.create(ServiceAccount, { metadata: ref }, { signal: context.signal })
    } catch (error) {
      // Somebody was faster, or the namespace goes away.
      if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error
    }
    return done
  }
}
