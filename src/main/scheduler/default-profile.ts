// The plugins that every pod meets, under upstream's names and with upstream's weights.
import type { Client } from '../../shared/client/client.ts'
import type { Profile } from './framework/profile.ts'
import { defaultBinder } from './plugins/default-binder/default-binder.ts'
import { nodeAffinity } from './plugins/node-affinity/node-affinity.ts'
import { nodeName } from './plugins/node-name/node-name.ts'
import { nodePorts } from './plugins/node-ports/node-ports.ts'
import { nodeResourcesBalancedAllocation } from './plugins/node-resources-balanced-allocation/node-resources-balanced-allocation.ts'
import { nodeResourcesFit } from './plugins/node-resources-fit/node-resources-fit.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable/node-unschedulable.ts'
import { schedulingGates } from './plugins/scheduling-gates/scheduling-gates.ts'
import { taintToleration } from './plugins/taint-toleration/taint-toleration.ts'

export const DEFAULT_SCHEDULER = 'default-scheduler'

/** Filters run in this order; the first that says no decides. */
export function defaultProfile(client: Client, schedulerName = DEFAULT_SCHEDULER): Profile {
  return {
    schedulerName,
    plugins: [
      { plugin: schedulingGates, weight: 0 },
      { plugin: nodeUnschedulable, weight: 0 },
      { plugin: nodeName, weight: 0 },
      { plugin: taintToleration, weight: 3 },
      { plugin: nodeAffinity, weight: 2 },
      { plugin: nodePorts, weight: 0 },
      { plugin: nodeResourcesFit(), weight: 1 },
      { plugin: nodeResourcesBalancedAllocation, weight: 1 },
      { plugin: defaultBinder(client), weight: 0 },
    ],
  }
}
