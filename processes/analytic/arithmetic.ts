import * as math from 'mathjs/number'

const factories: Readonly<Record<string, unknown>> = math

/** Functions that an expression may call, each with a derivative → the most arguments that it takes */
export const functions: ReadonlyMap<string, number> = new Map([
  ['abs', 1],
  ['acos', 1],
  ['acosh', 1],
  ['asin', 1],
  ['asinh', 1],
  ['atan', 1],
  ['atanh', 1],
  ['cbrt', 1],
  ['cos', 1],
  ['cosh', 1],
  ['exp', 1],
  ['log', 2],
  ['log10', 1],
  ['pow', 2],
  ['sin', 1],
  ['sinh', 1],
  ['sqrt', 1],
  ['tan', 1],
  ['tanh', 1],
])

export const operators: ReadonlySet<string> = new Set([
  'add',
  'subtract',
  'multiply',
  'divide',
  'pow',
  'unaryMinus',
  'unaryPlus',
])

export const constants: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['E', Math.E],
])

/** What derivatives are written with besides */
const ofDerivatives = ['sec', 'sech']

/** A parser with these functions and no others: there is nothing here that could import or evaluate. */
export const { parse, derivative } = math.create(
  Object.fromEntries(
    ['parse', 'derivative', ...operators, ...functions.keys(), ...ofDerivatives].map((name) => {
      const key = `${name}Dependencies`
      return [key, factories[key] as math.FactoryFunctionMap]
    }),
  ),
)
