// Whom Events of controllers name: people and programs look for upstream's names.
import { expect, test } from 'vitest'
import { controllers } from '../../src/main/controllers/index.ts'
import { systemClock } from '../../src/shared/machinery/clock.ts'

const all = controllers({ clock: systemClock, rootCa: '' })

test.each([
  ['cronjob', 'cronjob-controller'],
  ['daemonset', 'daemonset-controller'],
  ['deployment', 'deployment-controller'],
  ['device-taint-eviction', 'device-taint-eviction-controller'],
  ['disruption', 'controllermanager'],
  ['endpoints', 'endpoint-controller'],
  ['endpointslice', 'endpoint-slice-controller'],
  ['endpointslicemirroring', 'endpoint-slice-mirroring-controller'],
  ['ephemeral-volume', 'ephemeral_volume'],
  ['garbage-collector', 'garbage-collector-controller'],
  ['horizontal-pod-autoscaling', 'horizontal-pod-autoscaler'],
  ['job', 'job-controller'],
  ['node-ipam', 'cidrAllocator'],
  ['node-lifecycle', 'node-controller'],
  ['persistentvolume-attach-detach', 'attachdetach-controller'],
  ['persistentvolume-binder', 'persistentvolume-controller'],
  ['persistentvolume-expander', 'volume_expand'],
  ['replicaset', 'replicaset-controller'],
  ['replicationcontroller', 'replication-controller'],
  ['resourceclaim', 'resource_claim'],
  ['service', 'service-controller'],
  ['statefulset', 'statefulset-controller'],
  ['taint-eviction', 'taint-eviction-controller'],
])('the Events of %s are those of %s', (name, source) => {
  const told = all.find(controller => controller.name === name)
  expect(told?.eventSource ?? told?.identity ?? `${told?.name}-controller`).toBe(source)
})
