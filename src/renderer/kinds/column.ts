// A column of a list: a value to sort and filter by, and how it is shown.
import type { VNodeChild } from 'vue'
import type { AnyObject, KubeObject } from '../../shared/machinery/object.ts'
import type { Row } from '../api/sources.ts'
import type { Font } from '../components/resource/text-room.ts'

export interface ResourceColumn<T extends KubeObject = AnyObject> {
  readonly id: string
  readonly title: string
  /** Sorted by, filtered by as text, and shown when there is no `cell`. */
  readonly value: (row: Row<T>) => string | number
  /**
   * Draws the cell; reads reactive state only through its argument and `useNow`.
   * @param room px that there are for it; 0 = not known
   */
  readonly cell?: (row: Row<T>, room: number) => VNodeChild
  /** Whether what `cell` draws is no wider than `room`, or cut by itself. Else the cell cuts it. */
  readonly fits?: (row: Row<T>, room: number) => boolean
  /** What `cell` draws, where the room that it wants is that of a text and something around it. */
  readonly drawn?: { readonly text: (row: Row<T>) => string; readonly font?: Font; readonly aroundPx?: number }
  /** Px without which the column cannot be read; what stands in it may want more. */
  readonly least: number
  /** For a longer text than that no other column leaves; px. */
  readonly most?: number
  /** Takes a part of what the list has to spare. */
  readonly grows?: boolean
  /** Where there is no room for all, the least worth leaves first; 1 where nothing is said. `always` stays. */
  readonly worth?: number | 'always'
  /** Of numbers: their digits stand below each other. */
  readonly align?: 'right'
  /** Not shown until the user asks for it; `narrow`: only where the window has no room to spare. */
  readonly hidden?: boolean | 'narrow'
  readonly mono?: boolean
  /** Its end tells more than its beginning, as of an image: what has no room is cut at the start. */
  readonly cutsStart?: boolean
  /** What the row is told by: its name. */
  readonly strong?: boolean
  /** Changes by itself: sorted by, but not filtered by. */
  readonly isMoving?: boolean
  /** There at all only when this holds, such as when metrics are served. */
  readonly when?: () => boolean
}

/** A kind's own columns are written against its own type; the table treats all kinds alike. */
export type Columns = readonly ResourceColumn[]
export const columnsOf = <T extends KubeObject>(...columns: ResourceColumn<T>[]): Columns =>
  columns as unknown as Columns
