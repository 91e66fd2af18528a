let currentComment: (() => string) | undefined;

/** Sets the function that returns the comment for a statement that runs now, or an empty string. */
export function setCommentSource(read: () => string): void {
  currentComment = read;
}

/** Appends the comment of the current request to a statement. */
export function withComment(text: string): string {
  const comment = currentComment?.();
  return comment ? `${text} /*${comment}*/` : text;
}
