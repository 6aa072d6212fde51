// service-cidrs: a range of service addresses is ready once it is known here, and goes only when nobody has an address
// of it any more, or another range holds that address as well.
// @see https://kubernetes.io/docs/concepts/cluster-administration/networking/ (KEP-1880)
import type { Condition } from '../../../shared/api/meta/v1.ts'
import { IPAddress, ServiceCIDR } from '../../../shared/api/networking/v1.ts'
import {
  type ControllerContext,
  type Reconciler,
  type Result,
  done,
  mapped,
  own,
  requeueAfter,
} from '../../../shared/client/reconciler.ts'
import { cidrContains } from '../../../shared/machinery/cidr.ts'
import { formatTime } from '../../../shared/machinery/clock.ts'
import { setCondition } from '../../../shared/machinery/conditions.ts'
import { setFinalizer } from '../support/finalizer.ts'
import { writeStatus } from '../support/write-status.ts'

const FINALIZER = 'networking.k8s.io/service-cidr-finalizer'
/** An allocation that was under way when the deletion came has shown itself by then. */
const GRACE_MS = 10_000

type Context = ControllerContext

export class ServiceCidrs implements Reconciler<ServiceCIDR> {
  readonly name = 'service-cidrs'
  readonly identity = 'service-cidrs-controller'
  readonly type = ServiceCIDR
  readonly watches = [
    own(ServiceCIDR),
    // An address that is given back, or another range that holds it, may be what a deletion waits for.
    mapped(ServiceCIDR, (_change, context) => leaving(context)),
    mapped(IPAddress, ({ type }, context) => (type === 'deleted' ? leaving(context) : [])),
  ]

  async reconcile(cidr: ServiceCIDR, context: Context): Promise<Result> {
    const { deletionTimestamp, finalizers = [] } = cidr.metadata
    if (!deletionTimestamp) {
      if (!finalizers.includes(FINALIZER)) await setFinalizer(context, ServiceCIDR, cidr, FINALIZER, true)
      else await tell(cidr, { status: 'True', reason: '', message: 'Kubernetes Service CIDR is ready' }, context)
      return done
    }
    if (!finalizers.includes(FINALIZER)) return done
    const leftMs = Date.parse(deletionTimestamp) + GRACE_MS - context.clock.now()
    // One that goes as well holds the addresses for as long as it is there; of two, the smaller one goes first.
    const others = (other: ServiceCIDR) => leftMs > 0 || outlasts(other, cidr)
    if (isInUse(cidr, others, context)) {
      const message =
        'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR'
      await tell(cidr, { status: 'False', reason: 'Terminating', message }, context)
      return done
    }
    if (leftMs > 0) return requeueAfter(leftMs)
    await setFinalizer(context, ServiceCIDR, cidr, FINALIZER, false)
    return done
  }
}

const leaving = ({ lister }: Context) =>
  lister(ServiceCIDR)
    .list()
    .filter(({ metadata }) => metadata.deletionTimestamp)
    .map(({ metadata }) => metadata)

const holds = ({ spec }: ServiceCIDR, address: string) => (spec.cidrs ?? []).some(range => cidrContains(range, address))

/** The length of the shortest prefix: the larger a range, the shorter. */
const sizeOf = ({ spec }: ServiceCIDR) => Math.min(...(spec.cidrs ?? []).map(cidr => Number(cidr.split('/')[1])))

function outlasts(other: ServiceCIDR, cidr: ServiceCIDR): boolean {
  if (!other.metadata.deletionTimestamp) return true
  const [theirs, own] = [sizeOf(other), sizeOf(cidr)]
  return theirs < own || (theirs === own && other.metadata.name > cidr.metadata.name)
}

function isInUse(cidr: ServiceCIDR, counts: (other: ServiceCIDR) => boolean, { lister }: Context): boolean {
  const others = lister(ServiceCIDR)
    .list()
    .filter(other => other.metadata.uid !== cidr.metadata.uid && counts(other))
  return lister(IPAddress)
    .list()
    .some(({ metadata: { name } }) => holds(cidr, name) && !others.some(other => holds(other, name)))
}

async function tell(cidr: ServiceCIDR, given: Omit<Condition, 'type' | 'lastTransitionTime'>, context: Context) {
  const condition = { type: 'Ready', ...given }
  const conditions = setCondition<Condition>(cidr.status.conditions, condition, formatTime(context.clock.now()))
  await writeStatus(context, ServiceCIDR, cidr, { ...cidr.status, conditions })
}
