// Which files of a saved image a host needs. An engine looks for each layer by its chain id first — a hash of all layers
// up to it — and reads the layer's file only when it has no such chain, so files of layers that are there may be left out.
// @see https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
import { createHash } from 'node:crypto'

/** One image of an archive's `manifest.json`. */
export interface SavedImage {
  /** Names of files in the archive, in order. */
  readonly layers: readonly string[]
  /** Hashes of the layers' contents (`sha256:…`), in the same order. */
  readonly diffIds: readonly string[]
}

/** @returns the chain id of each layer: of itself and all below it */
export function chainIds(diffIds: readonly string[]): string[] {
  let chain = ''
  return diffIds.map(diffId => {
    chain = chain === '' ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`
    return chain
  })
}

/**
 * @param present layers of the host's images, each a list of diff ids
 * @param target where a name leads, for an archive that has one layer under two names
 * @returns names of layer files that the host has no use for
 */
export function needlessFiles(
  images: readonly SavedImage[],
  present: readonly (readonly string[])[],
  target: (name: string) => string = name => name,
): Set<string> {
  const there = new Set(present.flatMap(chainIds))
  const all = new Set<string>()
  const wanted = new Set<string>()
  for (const { layers, diffIds } of images)
    for (const [i, chain] of chainIds(diffIds).entries()) {
      const name = target(layers[i] ?? '')
      all.add(name)
      if (!there.has(chain)) wanted.add(name)
    }
  return new Set([...all].filter(name => !wanted.has(name)))
}
