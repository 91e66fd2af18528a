import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Controller,
  FileTypeValidator,
  Injectable,
  MaxFileSizeValidator,
  Module,
  ParseFilePipe,
  Post,
  Body,
  Req,
  Res,
  UploadedFile,
  UploadedFiles,
  UseInterceptors,
  ConflictException,
  UnsupportedMediaTypeException,
  type CallHandler,
  type ExecutionContext,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import {
  AnyFilesInterceptor,
  FileFieldsInterceptor,
  FileInterceptor,
  FilesInterceptor,
  MulterModule,
  NoFilesInterceptor,
} from '@nestjs/platform-express';
import { ApiProperty } from '@nestjs/swagger';
import { IsString } from 'class-validator';
import type { Request, Response } from 'express';
import { Multipart } from '../../src/http/body/body.decorators.js';
import { CurrentPrincipal } from '../../src/http/current-principal.decorator.js';
import { Public } from '../../src/http/public.decorator.js';
import type { Principal } from '../../src/common/principal.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { CurrentUser } from '../../src/users/current-user.decorator.js';
import type { User } from '../../src/users/user.entity.js';

/** The folder for the files that the routes of this module receive. */
export const UPLOADS = mkdtempSync(join(tmpdir(), 'gatehouse-uploads-'));

/** The paths of the handlers that ran. */
export const handled: string[] = [];

/** The number of files that arrived at `/probe-files/memory`. */
export const arrivals = { count: 0 };

type File = Express.Multer.File;

const ON_DISK = { dest: UPLOADS };

class ProbeCaptionDto {
  @ApiProperty()
  @IsString()
  caption!: string;
}

type Accept = (error: Error | null, isAccepted: boolean) => void;

function countFile(_request: unknown, _file: unknown, accept: Accept): void {
  arrivals.count += 1;
  accept(null, true);
}

function rejectScripts(_request: unknown, file: File, accept: Accept): void {
  const isScript = file.originalname.endsWith('.js');
  accept(isScript ? new UnsupportedMediaTypeException('Scripts are not allowed.') : null, !isScript);
}

/** Returns what a handler received, without the paths on the server. */
function received(request: Request, files: readonly (File | undefined)[]) {
  handled.push(request.path);
  return files.map((file) => file && { field: file.fieldname, name: file.originalname, size: file.size });
}

/** Routes with Nest's file interceptors, with the decorators in each order. */
@Controller('probe-files')
export class ProbeUploadsController {
  @Post('disk')
  @Multipart({ files: { file: 1 } })
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  disk(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('above')
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  @Multipart()
  above(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('memory')
  @Multipart({ files: { file: 1 } })
  @UseInterceptors(FileInterceptor('file', { fileFilter: countFile }))
  memory(@Req() request: Request, @UploadedFile() file: File) {
    return [...received(request, [file]), file.buffer.toString()];
  }

  @Post('no-parameters')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  noParameters() {
    handled.push('/probe-files/no-parameters');
  }

  @Post('response')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  response(@Req() request: Request, @Res() response: Response) {
    response.json(received(request, [request.file]));
  }

  @Post('list')
  @Multipart({ files: { photos: 3 } })
  @UseInterceptors(FilesInterceptor('photos', 3, { ...ON_DISK, limits: { fileSize: 1_000 } }))
  list(@Req() request: Request, @UploadedFiles() files: File[]) {
    return received(request, files);
  }

  @Post('fields')
  @Multipart({ files: { avatar: 1, photos: 3 } })
  @UseInterceptors(FileFieldsInterceptor([{ name: 'avatar', maxCount: 1 }, { name: 'photos' }], ON_DISK))
  fields(@Req() request: Request, @UploadedFiles() { avatar = [], photos = [] }: Record<string, File[]>) {
    return received(request, [...avatar, ...photos]);
  }

  @Post('any')
  @Multipart()
  @UseInterceptors(AnyFilesInterceptor(ON_DISK))
  any(@Req() request: Request, @UploadedFiles() files: File[]) {
    return received(request, files);
  }

  @Post('none')
  @Multipart()
  @UseInterceptors(NoFilesInterceptor())
  none(@Body() { caption }: ProbeCaptionDto) {
    return { caption };
  }

  @Post('captioned')
  @Multipart({ files: { file: 1 } })
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  captioned(@Req() request: Request, @Body() { caption }: ProbeCaptionDto, @UploadedFile() file: File) {
    return [...received(request, [file]), caption];
  }

  @Post('piped')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  piped(
    @Req() request: Request,
    @UploadedFile(new ParseFilePipe({ validators: [new MaxFileSizeValidator({ maxSize: 400_000 })] })) file: File,
  ) {
    return received(request, [file]);
  }

  @Post('failing')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  failing(@UploadedFile() file: File) {
    throw new ConflictException(`${file.originalname} exists.`);
  }

  @Post('small')
  @Multipart({ maxBytes: 100_000 })
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  small(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('admin')
  @Roles('admin')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  admin(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('pdf')
  @Multipart()
  @UseInterceptors(FileInterceptor('file'))
  pdf(
    @Req() request: Request,
    @UploadedFile(new ParseFilePipe({ validators: [new FileTypeValidator({ fileType: 'application/pdf' })] }))
    file: File,
  ) {
    return received(request, [file]);
  }

  @Post('filtered')
  @Multipart()
  @UseInterceptors(AnyFilesInterceptor({ ...ON_DISK, fileFilter: rejectScripts }))
  filtered(@Req() request: Request, @UploadedFiles() files: File[]) {
    return received(request, files);
  }

  @Post('role')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  role(@CurrentPrincipal() principal: Principal, @CurrentUser() user: User) {
    return [principal.role, user.role];
  }

  @Post('strict')
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  strict(@UploadedFile(new ParseFilePipe({ validators: [new MaxFileSizeValidator({ maxSize: 1 })] })) file: File) {
    return file.size;
  }

  @Post('public')
  @Public()
  @Multipart()
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  public(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('global')
  @Multipart()
  global(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('undecorated')
  @UseInterceptors(FileInterceptor('file', ON_DISK))
  undecorated(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }

  @Post('unread')
  @Multipart()
  unread(@Req() request: Request) {
    return received(request, []);
  }
}

@Controller('probe-controller')
@UseInterceptors(FileInterceptor('file'))
export class ProbeControllerUploadsController {
  @Post()
  @Multipart()
  create(@Req() request: Request, @UploadedFile() file: File) {
    return received(request, [file]);
  }
}

/** Reads the files of one route, in a global interceptor. */
@Injectable()
class GlobalUploadsInterceptor extends FileInterceptor('file', ON_DISK) {
  override intercept(context: ExecutionContext, next: CallHandler) {
    const { path } = context.switchToHttp().getRequest<Request>();
    return path === '/probe-files/global' ? super.intercept(context, next) : next.handle();
  }
}

@Module({
  // As in Nest's documentation. Replaces the default options of Gatehouse.
  imports: [MulterModule.register(ON_DISK)],
  controllers: [ProbeControllerUploadsController],
})
class ControllerUploadsModule {}

@Module({
  imports: [ControllerUploadsModule],
  controllers: [ProbeUploadsController],
  providers: [{ provide: APP_INTERCEPTOR, useClass: GlobalUploadsInterceptor }],
})
export class UploadRoutesModule {}
