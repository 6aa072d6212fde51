// Compiles patterns of routes for V8's linear-time engine.
import { setFlagsFromString } from 'node:v8'
import { patternCompiler } from '../../shared/machinery/pattern/linear-pattern.ts'

export const compilePattern = patternCompiler(() => setFlagsFromString('--enable-experimental-regexp-engine'))
