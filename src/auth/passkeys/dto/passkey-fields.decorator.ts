import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { IsPasskeyAssertion, IsPasskeyRegistration } from '../passkey-response.js';

/** Well-formed, so that the examples show what the server answers to a passkey that it does not know. */
const ID = '-R85HbTJsv3g6nAYnLo_tj9Xm6YSKzOtlP8-wzAIS-Q';
const CREDENTIAL = { id: ID, rawId: ID, type: 'public-key' };
const REGISTRATION = {
  ...CREDENTIAL,
  response: {
    clientDataJSON:
      'eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQU1NUHQ0VXh4R1RTdG5jZHE0MTdZRHdCRmk4dnBJYS1wdzhvT3VWVzRUQSIsIm9yaWdpbiI6Imh0dHBzOi8vZXhhbXBsZS5vcmciLCJjcm9zc09yaWdpbiI6ZmFsc2UsImV4dHJhRGF0YSI6ImNsaWVudERhdGFKU09OIG1heSBiZSBleHRlbmRlZCB3aXRoIGFkZGl0aW9uYWwgZmllbGRzIGluIHRoZSBmdXR1cmUsIHN1Y2ggYXMgdGhpczogQmtRZURqZGNUQnJYQmlBd0pUTEU1USJ9',
    attestationObject:
      'o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVikv6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LVZAAAAAIRGzLmrHbN0dQsjZ_9vOh8AIPkfOR20ybL94OpwGJy6P7Y_V5umEiszrZT_PsMwCEvkpQECAyYgASFYIK_voW-XypstI-uGzLZAmNINuQhWBi6yScM6m2cvJt9hIlggkwpWuHovymYzSwNFir-HlxfBLMaO1zKQry4mZHlrkiA',
    transports: ['internal'],
  },
};
const ASSERTION = {
  ...CREDENTIAL,
  response: {
    clientDataJSON:
      'eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiT2NEblVoUVh1bFRVUG8zSlVYVDBJOTdwdnp6WUJQOXRaY2hYeWF2MDFBZyIsIm9yaWdpbiI6Imh0dHBzOi8vZXhhbXBsZS5vcmciLCJjcm9zc09yaWdpbiI6ZmFsc2V9',
    authenticatorData: 'v6vDdDKViwYzYNOtZGHJxHNa5_jt1GWSpeDwFFKy5LUZAAAAAA',
    signature: 'MEYCIQD1Ck4uRAkknEqFO6NhKC8JhB303UVHoTqHeAIY3v_NOAIhAISArA8Lk1OBdPV1vxGh3V14xuSGAT-TcpXqE2U-Mx6H',
    userHandle: 'AZjF8m8KfD6dK1pPexyOYA',
  },
};

/** A field with the JSON of a new passkey. */
export function PasskeyRegistrationField(): PropertyDecorator {
  return applyDecorators(ApiProperty(describe(REGISTRATION, 'create')), IsPasskeyRegistration());
}

/** A field with the JSON of a used passkey. */
export function PasskeyAssertionField({ required = true } = {}): PropertyDecorator {
  return applyDecorators(ApiProperty(describe(ASSERTION, 'get', required)), IsPasskeyAssertion());
}

function describe(
  example: typeof REGISTRATION | typeof ASSERTION,
  method: 'create' | 'get',
  selfRequired = true,
): ApiPropertyOptions {
  const text = { type: 'string' };
  const member = (name: string) => [name, name === 'transports' ? { type: 'array', items: text } : text];
  const properties = Object.fromEntries(Object.keys(example.response).map(member)) as Record<string, object>;
  return {
    type: 'object',
    description: `What \`PublicKeyCredential.toJSON()\` returns after \`navigator.credentials.${method}\`. Other members are ignored.`,
    properties: {
      id: { type: 'string' },
      rawId: { type: 'string' },
      type: { type: 'string', enum: ['public-key'] },
      response: { type: 'object', properties },
    },
    // Of the members. `selfRequired` is about the field itself.
    required: ['id', 'rawId', 'type', 'response'],
    selfRequired,
    example,
  };
}
