/** Examples in the API document. Neither token is valid anywhere. */
export const ACCESS_TOKEN =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk4YzVmMi02ZjBhLTdjM2UtOWQyYi01YTRmN2IxYzhlNjAifQ.c2lnbmF0dXJl';
export const REFRESH_TOKEN =
  'AZjF8noRfZSOCzttL5pMFQEAAAABexampleexampleexampleexampleexampleexampleexampleexampleexample';
