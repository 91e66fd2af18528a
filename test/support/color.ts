/** An enum in its own file, because the compiler then passes the enum itself to Nest as the type of a parameter. */
export enum Color {
  Red = 'red',
  Green = 'green',
}
