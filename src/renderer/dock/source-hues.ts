// Colours by which the lines of several containers are told apart: none that stands for an error or a warning.
const HUES = [250, 160, 300, 205, 135, 275, 180, 325]

/** @returns an angle of OKLCH; after eight of them they begin anew */
export const hueOf = (index: number): number => HUES[index % HUES.length] ?? 250
