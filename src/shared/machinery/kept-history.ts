// Of which kinds no history is kept: they only tell what was observed, or are written all the time.

/** As the store has them: Events of both groups are one kind there. */
export const WITHOUT_HISTORY: readonly { readonly group: string; readonly plural: string }[] = [
  { group: 'coordination.k8s.io', plural: 'leases' },
  { group: '', plural: 'events' },
  { group: '', plural: 'endpoints' },
  { group: 'discovery.k8s.io', plural: 'endpointslices' },
]
