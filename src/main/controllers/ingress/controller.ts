// ingress: Ingresses of our classes are reached on the addresses of the nodes that serve them; this writes those down.
import { Node } from '../../../shared/api/core/v1.ts'
import { Ingress, IngressClass } from '../../../shared/api/networking/v1.ts'
import {
  type Change,
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
} from '../../../shared/client/reconciler.ts'
import { deepEqual } from '../../../shared/machinery/deep-equal.ts'
import { isOurClass, isOurIngress } from '../../../shared/machinery/ingress/ours.ts'
import { isSamePlace, servingAddresses } from '../support/serving-nodes.ts'
import { writeStatus } from '../support/write-status.ts'

export class IngressStatusController implements Reconciler<Ingress> {
  readonly name = 'ingress'
  readonly type = Ingress
  readonly watches = [
    own(Ingress),
    mapped(IngressClass, ({ object, old }, context) =>
      isOurClass(object) || (old && isOurClass(old)) ? allIngresses(context) : [],
    ),
    mapped(Node, ({ object, old }: Change<Node>, context) =>
      old && isSamePlace(old, object) ? [] : allIngresses(context),
    ),
  ]

  async reconcile(ingress: Ingress, context: ControllerContext): Promise<Result> {
    const { lister } = context
    const classes = lister(IngressClass).list().filter(isOurClass)
    const isOurs = isOurIngress(ingress, new Set(classes.map(({ metadata }) => metadata.name)))
    // What another controller serves is none of our business.
    if (!isOurs || ingress.metadata.deletionTimestamp) return done
    const addresses = servingAddresses(lister(Node).list()).map(ip => ({ ip }))
    if (deepEqual(ingress.status.loadBalancer?.ingress ?? [], addresses)) return done
    const loadBalancer = addresses.length > 0 ? { ingress: addresses } : {}
    await writeStatus(context, Ingress, ingress, { ...ingress.status, loadBalancer })
    return done
  }
}

const allIngresses = ({ lister }: ControllerContext) =>
  lister(Ingress)
    .list()
    .map(({ metadata }) => metadata)
