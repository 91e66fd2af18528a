/** An enum that other files import. For these, the compiler passes the enum object to Nest as the parameter type. */
export enum Color {
  Red = 'red',
  Green = 'green',
}
