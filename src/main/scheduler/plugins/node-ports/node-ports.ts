// NodePorts: two pods cannot hold the same host port of a node.
import { on } from '../../framework/cluster-event.ts'
import type { SchedulerPlugin } from '../../framework/plugin.ts'
import { skip, success, unschedulable } from '../../framework/status.ts'

const REASON = "node(s) didn't have free ports for the requested pod ports"

export const nodePorts: SchedulerPlugin = {
  name: 'NodePorts',
  requeueOn: [on('Node', ['added']), on('Pod', ['deleted'])],
  sign: ({ hostPorts }) => hostPorts.map(({ protocol, hostIP, hostPort }) => [protocol, hostIP, hostPort]),
  preFilter: (_state, { hostPorts }) => ({ status: hostPorts.length === 0 ? skip : success }),
  filter: (_state, { hostPorts }, node) =>
    hostPorts.some(port => node.portTaken(port)) ? unschedulable(REASON) : success,
}
