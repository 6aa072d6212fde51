// The map as a picture to keep: an SVG document of its own, and that as PNG.
import type { Tone } from '../status/tone.ts'
import { clip, shorten, statusText } from './card-text.ts'
import type { Layout } from './layout.ts'
import { waysBetween } from './ways.ts'
import type { Picture } from './picture.ts'
import { bandTitle, rankTitles } from './titles.ts'
import { t } from '../i18n/i18n.ts'

/** The colours of the theme in use, since a picture outside the window knows no CSS variables. */
export type Palette = Readonly<
  Record<Tone | 'canvas' | 'surface' | 'raised' | 'line' | 'line-strong' | 'ink' | 'ink-soft' | 'ink-faint', string>
>

const NAMES = [
  'healthy',
  'progressing',
  'warning',
  'failed',
  'suspended',
  'neutral',
  'unknown',
  'canvas',
  'surface',
  'raised',
  'line',
  'line-strong',
  'ink',
  'ink-soft',
  'ink-faint',
] as const

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element)
  return Object.fromEntries(NAMES.map(name => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string) =>
  text
    // XML forbids control characters even when escaped.
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\u{fffd}')
    .replace(/[&<>"']/g, found => ENTITIES[found] ?? '')

const MARGIN = 24

export function toSvg({ cards }: Picture, layout: Layout, colors: Palette): string {
  const { boxes, bands, columns } = layout
  const text = (x: number, y: number, size: number, fill: string, content: string, weight = 400) =>
    `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" font-weight="${weight}">${escape(content)}</text>`
  const rect = (x: number, y: number, width: number, height: number, rx: number, fill: string, stroke = 'none') =>
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${rx}" fill="${fill}" stroke="${stroke}"/>`

  const way = waysBetween(boxes.values())
  const lines = layout.lines.flatMap(({ from, to, isAttachment }) => {
    const [a, b] = [boxes.get(from), boxes.get(to)]
    return a && b
      ? [
          `<path d="${way(a, b).path}" fill="none" stroke="${colors['line-strong']}"${isAttachment ? ' stroke-dasharray="4 4"' : ''}/>`,
        ]
      : []
  })
  const drawn = cards.flatMap(card => {
    const box = boxes.get(card.id)
    if (!box) return []
    const { x, y, width, height } = box
    const isSmall = height < 50
    const tone = colors[card.status.tone]
    return [
      rect(x, y, width, height, 8, colors.raised, colors['line-strong']),
      rect(x, y, 4, height, 2, tone),
      isSmall ? '' : text(x + 16, y + 17, 10.5, colors['ink-faint'], shorten(card.kind, 24)),
      text(x + 16, y + (isSmall ? 17 : 33), 12.5, colors.ink, shorten(card.title, 26), 500),
      text(x + 16, y + (isSmall ? 33 : 50), 11, tone, clip(statusText(card), 32), 500),
    ]
  })
  const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" font-family="Inter, system-ui, sans-serif">`,
    rect(-MARGIN, -MARGIN, width, height, 0, colors.canvas),
    ...columns.map(({ rank, x }) => text(x, 18, 11, colors['ink-faint'], t(rankTitles[rank]).toUpperCase(), 600)),
    ...bands.flatMap(band => [
      rect(band.x, band.y, band.width, band.height, 12, colors.surface, colors.line),
      text(band.x + 16, band.y + 20, 12, colors['ink-soft'], bandTitle(band), 600),
    ]),
    ...lines,
    ...drawn,
    '</svg>',
  ].join('\n')
}

/** Browsers refuse to draw canvases that are longer than this, and run short of memory with larger ones. */
const MAX_LENGTH = 16_000
const MAX_AREA = 100_000_000

/** @throws Error when the picture cannot be drawn */
export async function toPng(svg: string, { width, height }: Layout): Promise<Blob> {
  const [wide, high] = [width + 2 * MARGIN, height + 2 * MARGIN]
  const scale = Math.min(2, MAX_LENGTH / Math.max(wide, high), Math.sqrt(MAX_AREA / (wide * high)))
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  await image.decode()
  const canvas = document.createElement('canvas')
  canvas.width = Math.ceil(wide * scale)
  canvas.height = Math.ceil(high * scale)
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return await new Promise((resolve, reject) =>
    canvas.toBlob(
      blob => (blob ? resolve(blob) : reject(new Error(t('the picture is too large to draw')))),
      'image/png',
    ),
  )
}
