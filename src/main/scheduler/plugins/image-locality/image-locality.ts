// ImageLocality: prefers nodes that already have the pod's images, the more the larger they are and the more nodes have
// them (so that one node with a rare image does not draw everything).
import type { PodSpec } from '../../../../shared/api/core/v1.ts'
import { imagesOf } from '../../cache/image-counts.ts'
import type { StateKey } from '../../framework/cycle-state.ts'
import { MAX_NODE_SCORE, type SchedulerPlugin } from '../../framework/plugin.ts'
import type { ClusterView } from '../../framework/cluster-view.ts'
import { skip, success } from '../../framework/status.ts'

const MIB = 1024 * 1024
/** Sums below the first score 0; above the second, a container, 100. */
const LEAST_BYTES = 23 * MIB
const MOST_BYTES_PER_CONTAINER = 1_000 * MIB

/** `nginx` is `nginx:latest`; a port in the registry's name is no tag. */
const withTag = (image: string) =>
  image.lastIndexOf(':') <= image.lastIndexOf('/') && !image.includes('@') ? `${image}:latest` : image

/** Of its containers, and of its volumes. */
const imagesWantedBy = ({ containers, initContainers = [], volumes = [] }: PodSpec): string[] =>
  [...initContainers, ...containers, ...volumes.map(({ image }) => ({ image: image?.reference }))]
    .map(({ image }) => image ?? '')
    .filter(Boolean)
    .map(withTag)

const viewed: StateKey<ClusterView> = { name: 'ImageLocality/view' }
const spread: StateKey<{ readonly shares: ReadonlyMap<string, number>; readonly containers: number }> = {
  name: 'ImageLocality/shares',
}

export const imageLocality: SchedulerPlugin = {
  name: 'ImageLocality',
  forScore: ['preFilter', 'preScore'],
  preFilter(state, _pod, view) {
    state.set(viewed, view)
    return { status: skip }
  },
  preScore(state, { pod: { spec } }) {
    const view = state.get(viewed)
    const nodes = view?.nodes ?? []
    const counted = (image: string) =>
      view?.nodesWithImage?.(image) ?? nodes.reduce((count, { node }) => count + (imagesOf(node).has(image) ? 1 : 0), 0)
    const shares = new Map<string, number>()
    for (const image of new Set(imagesWantedBy(spec))) {
      const having = counted(image)
      if (having > 0) shares.set(image, having / nodes.length)
    }
    if (shares.size === 0) return skip
    state.set(spread, { shares, containers: spec.containers.length + (spec.initContainers ?? []).length })
    return success
  },
  score(state, { pod: { spec } }, { node }) {
    const { shares, containers } = state.get(spread) ?? { shares: new Map<string, number>(), containers: 1 }
    const images = imagesOf(node)
    const sum = imagesWantedBy(spec).reduce(
      (bytes, image) => bytes + Math.trunc((images.get(image) ?? 0) * (shares.get(image) ?? 0)),
      0,
    )
    const most = MOST_BYTES_PER_CONTAINER * containers
    const clamped = Math.min(Math.max(sum, LEAST_BYTES), most)
    return Math.trunc((MAX_NODE_SCORE * (clamped - LEAST_BYTES)) / (most - LEAST_BYTES))
  },
}
