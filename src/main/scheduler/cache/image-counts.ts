// How many nodes have an image, and how large it is there.
import type { Node } from '../../../shared/api/core/v1.ts'

const sizes = new WeakMap<Node, ReadonlyMap<string, number>>()
const NONE: ReadonlyMap<string, number> = new Map()

/** @returns image name → bytes; read once for an object: objects do not change */
export function imagesOf(node: Node | undefined): ReadonlyMap<string, number> {
  if (!node?.status.images?.length) return NONE
  let images = sizes.get(node)
  if (!images) {
    images = new Map(
      node.status.images.flatMap(({ names, sizeBytes }) =>
        (names ?? []).map(name => [name, Number(sizeBytes ?? 0)] as const),
      ),
    )
    sizes.set(node, images)
  }
  return images
}

export class ImageCounts {
  readonly #counts = new Map<string, number>()

  of(image: string): number {
    return this.#counts.get(image) ?? 0
  }

  /** A node came, changed or went. */
  change(before: Node | undefined, now: Node | undefined): void {
    for (const image of imagesOf(before).keys()) this.#add(image, -1)
    for (const image of imagesOf(now).keys()) this.#add(image, 1)
  }

  #add(image: string, amount: 1 | -1): void {
    const count = this.of(image) + amount
    if (count > 0) this.#counts.set(image, count)
    else this.#counts.delete(image)
  }
}
